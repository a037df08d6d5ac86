export const entrance = {
  title: "",
  pages: [
    { path: "/sign-in", load: () => import("./sign-in.js"), isOpen: true },
    { path: "/sign-up", load: () => import("./sign-up.js"), isOpen: true },
    { path: "/choose-password", load: () => import("./choose-password.js"), isOpen: true },
  ],
};
