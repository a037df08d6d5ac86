/** Sharing the result of a job from wherever its page is. */

import { dialog } from "../../parts/dialog.js";
import { shares } from "../../viewer/below/shares.js";

export const share = ({ id, name }) => dialog(`Share ${name}`, () => shares(id));
