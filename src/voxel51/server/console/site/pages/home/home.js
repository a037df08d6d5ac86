/** The home page: a welcome for new users, an overview for users with data or jobs. */

import { get } from "../../core/api.js";
import { hasScope, session } from "../../core/session.js";
import { loaded } from "../../parts/load.js";
import { signal, untracked } from "../../core/reactive.js";
import { onAdded } from "../../uploads/queue.js";
import { mediaTypeTerm } from "../data/media-types.js";
import { overview } from "./overview.js";
import { welcome } from "./welcome.js";

const RECENT_VIDEOS = 6;

export function page() {
  const uploads = signal(0);
  onAdded(() => uploads.update((number) => number + 1));
  return [
    () => {
      uploads.value; // fetched again after each upload
      return loaded(fetchRecent, (recent) => untracked(() => content(recent))); // untracked: signing out must not make it again
    },
  ];
}

function content({ data, jobs }) {
  return data.count || jobs.count || !hasScope("upload") ? overview(data.data) : welcome(session.peek().account.username);
}

async function fetchRecent(signal) {
  const fields = "id,name,size,type,upload_date,duration_seconds,labels";
  const [data, jobs] = await Promise.all([
    get("/data", { fields, search: mediaTypeTerm("video"), sort: "upload_date:desc", limit: RECENT_VIDEOS }, { signal }),
    get("/jobs", { fields: "id", limit: 1 }, { signal }),
  ]);
  return { data, jobs };
}
