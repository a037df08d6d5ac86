/** Workers of our own. The page's policy asks for a trusted address, and only modules beside this one get one. */

const HERE = new URL("..", import.meta.url).href;

const policy = globalThis.trustedTypes?.createPolicy("viewer-workers", {
  createScriptURL(address) {
    if (!address.startsWith(HERE)) throw new TypeError(`${address} is no module of the viewer`);
    return address;
  },
});

/** @param {URL} address of a module below `viewer/` */
export function startWorker(address) {
  return new Worker(policy ? policy.createScriptURL(address.href) : address, { type: "module" });
}
