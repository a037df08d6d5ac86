export const jobs = {
  title: "Jobs",
  path: "/jobs",
  symbol: "jobs",
  pages: [
    { path: "/jobs", load: () => import("./jobs.js") },
    { path: "/jobs/:id", load: () => import("./job.js") },
  ],
};
