export const admin = {
  title: "Admin",
  path: "/admin",
  symbol: "settings",
  isFor: (session) => session?.scopes.includes("administer"),
  pages: [],
};
