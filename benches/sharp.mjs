// The benchmark's job in sharp's fastest form, one thread:
//
//   node sharp.mjs --out DIR --format jpeg|webp|png --quality N --widths 1280,640 FILE...
//
// Each FILE is decoded once, shrunk while it is loaded, down to the largest width; every output is made of that. Four
// pipelines of a `clone()` would look simpler, but each of them decodes the file again. `--form clones` runs it that
// way, to see what it costs. `--versions` prints what sharp is made of. sharp is looked for in the working directory.

import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const sharp = createRequire(`${process.cwd()}/`)('sharp');

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    format: { type: 'string' },
    quality: { type: 'string' },
    widths: { type: 'string' },
    form: { type: 'string', default: 'one-decode' },
    versions: { type: 'boolean', default: false },
  },
});

// One picture after the other on one thread, and nothing remembered between them: what is measured is the work.
sharp.concurrency(1);
sharp.cache(false);

const EXTENSIONS = { jpeg: 'jpg', webp: 'webp', png: 'png' };

/** A picture no wider than `width`, never enlarged. */
function fit(picture, width) {
  return picture.resize({ width, withoutEnlargement: true });
}

/** Encodes with sharp's defaults for the format, which are what its users get, and writes the file. */
async function write(picture, width) {
  const file = path.join(options.out, `w${width}.${EXTENSIONS[options.format]}`);
  const quality = Number(options.quality);
  const encode = {
    jpeg: () => picture.flatten({ background: 'white' }).jpeg({ quality }),
    webp: () => picture.webp({ quality, effort: 4 }),
    png: () => picture.png(),
  };
  await encode[options.format]().toFile(file);
}

async function renderFromOneDecode(file, [largest, ...smaller]) {
  const { data, info } = await fit(sharp(file).autoOrient(), largest).raw().toBuffer({ resolveWithObject: true });
  const decoded = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  await write(decoded(), largest);
  for (const width of smaller) {
    await write(fit(decoded(), width), width);
  }
}

async function renderFromClones(file, widths) {
  const source = sharp(file).autoOrient();
  for (const width of widths) {
    await write(fit(source.clone(), width), width);
  }
}

if (options.versions) {
  console.log(JSON.stringify({ ...sharp.versions, node: process.versions.node }));
} else {
  const render = options.form === 'clones' ? renderFromClones : renderFromOneDecode;
  const widths = options.widths.split(',').map(Number);
  for (const file of files) {
    await render(file, widths);
  }
}
