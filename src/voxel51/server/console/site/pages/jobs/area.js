export const jobs = {
  title: "Jobs",
  path: "/jobs",
  symbol: "jobs",
  pages: [{ path: "/jobs", load: () => import("./jobs.js") }],
};
