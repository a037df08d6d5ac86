export const account = {
  title: "Account",
  pages: [
    { path: "/account", load: () => import("./profile.js") },
    { path: "/account/tokens", load: () => import("./tokens.js") },
    { path: "/account/sessions", load: () => import("./sessions.js") },
    { path: "/account/webhooks", load: () => import("./webhooks.js") },
    { path: "/account/webhooks/:id", load: () => import("./webhook.js") },
    { path: "/account/activity", load: () => import("./activity.js") },
    { path: "/account/leave", load: () => import("./leave.js") },
  ],
};
