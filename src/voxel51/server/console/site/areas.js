/**
 * The parts of the console, in the order of the navigation.
 *
 * An area has `title`, `path` and `symbol` where it stands in the navigation, `isFor(session)` where that depends on who
 * looks, and `pages`: each a path, `load` (a module with a function `page(parameters)` that returns nodes), and `isOpen`
 * where nobody need be signed in.
 */

import { account } from "./pages/account/area.js";
import { admin } from "./pages/admin/area.js";
import { analytics } from "./pages/analytics/area.js";
import { data } from "./pages/data/area.js";
import { entrance } from "./pages/entrance/area.js";
import { home } from "./pages/home/area.js";
import { jobs } from "./pages/jobs/area.js";
import { search } from "./pages/search/area.js";
import { shared } from "./pages/shared/area.js";

export const AREAS = [home, data, analytics, jobs, search, admin, account, entrance, shared];
