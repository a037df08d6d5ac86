export const admin = {
  title: "Admin",
  path: "/admin",
  symbol: "settings",
  isFor: (session) => session?.scopes.includes("administer"),
  pages: [
    { path: "/admin", load: () => import("./overview.js") },
    { path: "/admin/usage", load: () => import("./usage.js") },
    { path: "/admin/users", load: () => import("./users.js") },
    { path: "/admin/applications", load: () => import("./applications.js") },
    { path: "/admin/applications/:name", load: () => import("./application.js") },
    { path: "/admin/settings", load: () => import("./settings.js") },
    { path: "/admin/audit", load: () => import("./audit.js") },
  ],
};
