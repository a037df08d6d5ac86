export const account = {
  title: "Account",
  pages: [{ path: "/account", load: () => import("./account.js") }],
};
