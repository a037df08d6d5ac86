export const data = {
  title: "Videos",
  path: "/data",
  symbol: "data",
  pages: [
    { path: "/data", load: () => import("./list.js") },
    { path: "/data/:id", load: () => import("./one.js") },
  ],
};
