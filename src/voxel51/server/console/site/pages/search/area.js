export const search = {
  title: "Search",
  path: "/search",
  symbol: "search",
  pages: [],
};
