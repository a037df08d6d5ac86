export const home = {
  title: "Home",
  pages: [{ path: "/", load: () => import("./home.js") }],
};
