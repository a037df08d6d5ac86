export const search = {
  title: "Search",
  path: "/search",
  symbol: "search",
  pages: [{ path: "/search", load: () => import("./search.js") }],
};
