// What people build on Node.js to resize on demand: an HTTP server that reads a picture, resizes it with sharp and answers.
//
//   node on_demand.mjs --sources DIR
//
// GET /FILE?w=WIDTH answers a WebP of sharp's default effort. It reads from the disk, which is nearer than any S3, and keeps
// nothing: every request is a miss. Prints its port when it is ready. sharp is looked for in the working directory.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const sharp = createRequire(`${process.cwd()}/`)('sharp');
const { values: options } = parseArgs({ options: { sources: { type: 'string' } } });

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const file = path.join(options.sources, path.basename(url.pathname));
  const width = Number(url.searchParams.get('w'));
  const picture = sharp(file).autoOrient().resize({ width, withoutEnlargement: true });
  const body = await picture.webp({ quality: 80, effort: 4 }).toBuffer();
  response.writeHead(200, { 'content-type': 'image/webp', 'content-length': body.length }).end(body);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
