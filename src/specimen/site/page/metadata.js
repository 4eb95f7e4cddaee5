// What the metadata of a photo say of it: the format by its first bytes, whether all of it is there, and which way is up.
//
// Browsers turn a photo while they decode it, some by less than Pillow knows. So the file is decoded without its
// orientation, and turned by `upright` afterwards, as data/readers/decode.py does.

const latin = (bytes) => String.fromCharCode(...bytes);
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// "JPEG", "PNG", "WEBP", "BMP", or null for what the page does not read.
export function formatOf(bytes) {
  const start = latin(bytes.subarray(0, 12));
  if (start.startsWith("\xff\xd8\xff")) return "JPEG";
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (/^RIFF[^]{4}WEBP/.test(start)) return "WEBP";
  return start.startsWith("BM") ? "BMP" : null;
}

// Browsers show what there is of a truncated photo; Pillow refuses it.
export function isWhole(bytes, format) {
  if (format === "JPEG") return lastIndexOf(bytes, [0xff, 0xd9]) > startOfScan(bytes); // not that of a thumbnail before
  if (format === "PNG") return lastIndexOf(bytes, [0x49, 0x45, 0x4e, 0x44]) > 0;
  return bytes.length >= (format === "WEBP" ? 8 + view(bytes).getUint32(4, true) : lengthOfBmp(bytes));
}

function lastIndexOf(bytes, [first, ...rest]) {
  let at = bytes.length;
  do at = bytes.lastIndexOf(first, at - 1);
  while (at > 0 && !rest.every((byte, index) => bytes[at + 1 + index] === byte));
  return at;
}

// Of one that is not compressed; 0 for others.
function lengthOfBmp(bytes) {
  if (bytes.length < 54) return Infinity;
  const head = view(bytes);
  const [start, width, height] = [head.getUint32(10, true), head.getInt32(18, true), head.getInt32(22, true)];
  const line = 4 * Math.ceil((head.getUint16(28, true) * width) / 32);
  return head.getUint32(14, true) >= 40 && head.getUint32(30, true) === 0 ? start + line * Math.abs(height) : 0;
}

function startOfScan(bytes) {
  return [...segmentsOfJpeg(bytes)].at(-1)?.end ?? bytes.length;
}

// The segments before the coded data.
function* segmentsOfJpeg(bytes) {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    const end = at + 2 + view(bytes).getUint16(at + 2);
    yield { marker: bytes[at + 1], start: at + 4, end };
    at = end;
  }
}

// Bits of each sample of a PNG; 8 for the other formats.
export const depthOf = (bytes, format) => (format === "PNG" ? bytes[24] : 8);

// { orientation, parts }: the EXIF orientation, 1 to 8, and the file without it.
export function takeOrientation(bytes, format) {
  const blocks = [...BLOCKS[format](bytes)];
  const content = bytes.slice();
  const found = blocks.filter(({ kind }) => kind === "exif").map(({ start, end }) => neutralise(content, start, end));
  const orientation = found.find((value) => value !== undefined) ?? fromXmp(bytes, blocks);
  const parts = format === "PNG" ? withoutExif(content, blocks) : [content];
  return { orientation: orientation >= 1 && orientation <= 8 ? orientation : 1, parts };
}

const BLOCKS = {
  BMP: () => [],
  *JPEG(bytes) {
    for (const { marker, start, end } of segmentsOfJpeg(bytes)) {
      const head = marker === 0xe1 ? latin(bytes.subarray(start, start + 29)) : "";
      if (head.startsWith("Exif\0\0")) yield { kind: "exif", start: start + 6, end };
      if (head.startsWith("http://ns.adobe.com/xap/1.0/")) yield { kind: "xmp", start: start + 29, end };
    }
  },
  *PNG(bytes) {
    for (let at = 8; at + 12 <= bytes.length; ) {
      const length = view(bytes).getUint32(at);
      const name = latin(bytes.subarray(at + 4, at + 8));
      if (name === "eXIf") yield { kind: "exif", start: at + 8, end: at + 8 + length };
      if (name === "iTXt") yield { kind: "xmp", start: at + 8, end: at + 8 + length };
      at += 12 + length;
    }
  },
  *WEBP(bytes) {
    for (let at = 12; at + 8 <= bytes.length; ) {
      const length = view(bytes).getUint32(at + 4, true);
      const name = latin(bytes.subarray(at, at + 4));
      const prefix = latin(bytes.subarray(at + 8, at + 14)) === "Exif\0\0" ? 6 : 0;
      if (name === "EXIF") yield { kind: "exif", start: at + 8 + prefix, end: at + 8 + length };
      if (name === "XMP ") yield { kind: "xmp", start: at + 8, end: at + 8 + length };
      at += 8 + length + (length % 2);
    }
  },
};

const ORIENTATION = 0x0112;
const SHORT = 3;

// Return the orientation of EXIF data (a TIFF without pixels), and write 1 in its place.
function neutralise(bytes, start, end) {
  const exif = new DataView(bytes.buffer, bytes.byteOffset + start, Math.max(0, Math.min(end, bytes.length) - start));
  try {
    const little = exif.getUint16(0) === 0x4949;
    const directory = exif.getUint32(4, little);
    for (let entry = 0; entry < exif.getUint16(directory, little); entry += 1) {
      const at = directory + 2 + 12 * entry;
      if (exif.getUint16(at, little) !== ORIENTATION || exif.getUint16(at + 2, little) !== SHORT) continue;
      const orientation = exif.getUint16(at + 8, little);
      exif.setUint16(at + 8, 1, little);
      return orientation;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // damaged metadata do not matter
  }
  return undefined;
}

// A chunk of a PNG has a checksum, so the one that was written to is left out.
function withoutExif(content, blocks) {
  const cuts = blocks.filter(({ kind }) => kind === "exif").map(({ start, end }) => [start - 8, end + 4]);
  const edges = [0, ...cuts.flat(), content.length];
  return edges.flatMap((edge, index) => (index % 2 ? [] : [content.subarray(edge, edges[index + 1])]));
}

function fromXmp(bytes, blocks) {
  const texts = blocks.filter(({ kind }) => kind === "xmp").map(({ start, end }) => bytes.subarray(start, end));
  return Number(texts.map((text) => /tiff:Orientation(?:="|>)([0-9])/.exec(new TextDecoder("latin1").decode(text))?.[1]).find(Boolean));
}
