export const data = {
  title: "Videos",
  path: "/data",
  symbol: "data",
  pages: [],
};
