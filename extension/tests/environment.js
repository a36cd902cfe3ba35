const { TestEnvironment } = require('jest-environment-jsdom');

/** A page of jsdom with what it lacks and every browser has: Node's own fetch. */
module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    const page = this.global;
    Object.assign(page, { fetch, Headers, Request, Response, TextDecoder, TextEncoder });
    page.DragEvent ??= class DragEvent extends page.MouseEvent {};
  }
};
