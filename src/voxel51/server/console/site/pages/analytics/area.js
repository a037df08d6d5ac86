export const analytics = {
  title: "Analytics",
  path: "/analytics",
  symbol: "analytics",
  pages: [
    { path: "/analytics", load: () => import("./catalogue.js") },
    { path: "/analytics/new", load: () => import("./new.js") },
    { path: "/analytics/:id", load: () => import("./analytic.js") },
    { path: "/analytics/:id/run", load: () => import("./run.js") },
  ],
};
