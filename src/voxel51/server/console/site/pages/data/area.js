export const data = {
  title: "Videos",
  path: "/data",
  symbol: "data",
  pages: [{ path: "/data/:id", load: () => import("./item.js") }],
};
