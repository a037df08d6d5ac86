import { heading } from "../../parts/show.js";

export function page() {
  return [heading("Jobs")];
}
