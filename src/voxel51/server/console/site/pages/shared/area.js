export const shared = {
  title: "Shared result",
  pages: [{ path: "/shared", load: () => import("./shared.js"), isOpen: true }],
};
