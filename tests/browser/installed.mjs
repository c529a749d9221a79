// What `make test-page` has installed under target/, where imports of files here would not find it.

import { createRequire } from "node:module";
import path from "node:path";

const home = process.env.BROWSER_HOME;
if (!home) throw new Error("BROWSER_HOME is not set: run `make test-page`");
const require = createRequire(path.join(home, "package.json"));

export const { chromium } = require("playwright-core");
export const { source: axeSource } = require("axe-core");
export const { AwsClient } = await import(require.resolve("aws4fetch"));
