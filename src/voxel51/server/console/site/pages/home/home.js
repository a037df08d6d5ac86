/** The first page: how to begin for who is new, what is new for all others. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { may, session } from "../../core/session.js";
import { loaded } from "../../parts/load.js";
import { signal, untracked } from "../../core/reactive.js";
import { onAdded } from "../../uploads/queue.js";
import { kindTerm } from "../data/kinds.js";
import { overview } from "./overview.js";
import { welcome } from "./welcome.js";

export function page() {
  const turn = signal(0);
  onAdded(() => turn.update((number) => number + 1));
  return [
    () => {
      turn.value;
      return loaded(whatIsThere, (there) => untracked(() => first(there))); // not made again for who signs out
    },
  ];
}

function first({ data, jobs }) {
  return data.count || jobs.count || !may("upload") ? overview(data.data) : welcome(session.peek().account.username);
}

const RECENT = 6;

async function whatIsThere(signal) {
  const fields = "id,name,size,type,upload_date";
  const [data, jobs] = await Promise.all([
    get("/data", { fields, search: kindTerm("video"), sort: "upload_date:desc", limit: RECENT }, { signal }),
    get("/jobs", { fields: "id", limit: 1 }, { signal }),
  ]);
  return { data, jobs };
}
