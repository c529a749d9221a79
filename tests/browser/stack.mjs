// The stack under test: `thumbline local` as anybody would start it, found by what it prints.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { AwsClient } from "./installed.mjs";

export const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export class Stack {
  static async start(...parameters) {
    const folder = await mkdtemp(path.join(tmpdir(), "thumbline-page-"));
    const program = process.env.TESTED_THUMBLINE ?? path.join(PROJECT, "target/debug/thumbline");
    const options = ["--template", path.join(PROJECT, "template.yaml"), "--data", path.join(folder, "data")];
    const process_ = spawn(program, ["local", "--json", "--port", "0", "--api-port", "0", "--retry-delays", "100ms,100ms",
      ...options, ...parameters.flatMap((parameter) => ["--parameter", parameter])], { cwd: folder });
    const stack = new Stack();
    Object.assign(stack, { folder, process: process_, log: "" });
    process_.stderr.on("data", (text) => { stack.log += text; });
    const lines = createInterface({ input: process_.stdout });
    const first = await Promise.race([once(lines, "line"), once(process_, "exit")]);
    if (typeof first[0] !== "string") throw new Error(`${program} ended before it was ready:\n${stack.log}`);
    stack.endpoints = JSON.parse(first[0]);
    const { access_key_id, secret_access_key, region } = stack.endpoints;
    stack.aws = new AwsClient({ accessKeyId: access_key_id, secretAccessKey: secret_access_key, region, service: "s3", retries: 0 });
    return stack;
  }

  /** The page, as `thumbline local` prints it: with the API key behind a `#`. */
  get page() {
    return `${this.endpoints.api}/#key=${this.endpoints.api_key}`;
  }

  async s3(method, bucket, key = "") {
    const answer = await this.aws.fetch(`${this.endpoints.s3}/${bucket}${key && "/"}${key}`, { method });
    if (!answer.ok) throw new Error(`${method} ${bucket}/${key}: ${answer.status} ${await answer.text()}`);
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true });
  }
}
