export const analytics = {
  title: "Analytics",
  path: "/analytics",
  symbol: "analytics",
  pages: [],
};
