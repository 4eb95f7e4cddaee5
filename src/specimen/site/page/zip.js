// A zip without compression, which photos have already: PKWARE's APPNOTE, sections 4.3 to 4.5.
//
// Photos are parts of the zip by reference. Each is read once, in pieces, for its checksum, and so memory stays small
// however many there are.

const UTF8 = 0x0800;
const NEEDS = 20; // version 2.0, which has folders
const MADE_ON_UNIX = 0x0300 | NEEDS;
const FILE_MODE = 0o100644 << 16;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

// CRC-32 of what a blob holds. Throws where it cannot be read.
export async function checksum(blob) {
  const reader = blob.stream().getReader();
  let crc = 0xffffffff;
  for (let { done, value } = await reader.read(); !done; ({ done, value } = await reader.read())) {
    // Seven times as fast as `for (... of value)`.
    for (let at = 0; at < value.length; at += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ value[at]) & 0xff];
  }
  return ~crc >>> 0;
}

// `files` are [path, content]: a blob, bytes or a text. Returns the zip, and the paths of files that could not be read.
// The zip must stay below 4 GB and 65,535 files: whoever has more makes several.
export async function zip(files, onFile = () => null) {
  const parts = [];
  const directory = [];
  const unread = [];
  const time = dosTime(new Date());
  let offset = 0;
  for (const [path, content] of files) {
    const blob = content instanceof Blob ? content : new Blob([content]);
    const name = new TextEncoder().encode(path);
    try {
      const facts = [UTF8, 0, ...time, await checksum(blob), blob.size, name.length, 0];
      const local = record([4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2], [0x04034b50, NEEDS, ...withBothSizes(facts)]);
      parts.push(local, name, blob);
      const more = [0, 0, 0, FILE_MODE, offset];
      const sizes = [4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4];
      directory.push(record(sizes, [0x02014b50, MADE_ON_UNIX, NEEDS, ...withBothSizes(facts), ...more]), name);
      offset += local.length + name.length + blob.size;
    } catch {
      unread.push(path);
    }
    onFile();
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const count = directory.length / 2;
  const end = record([4, 2, 2, 2, 2, 4, 4, 2], [0x06054b50, 0, 0, count, count, size, offset, 0]);
  return { blob: new Blob([...parts, ...directory, end], { type: "application/zip" }), unread };
}

// The size is there twice: compressed and not.
const withBothSizes = ([flags, method, time, date, crc, size, ...rest]) => [flags, method, time, date, crc, size, size, ...rest];

// Little-endian numbers of 2 or 4 bytes.
function record(widths, values) {
  const view = new DataView(new ArrayBuffer(widths.reduce((sum, width) => sum + width, 0)));
  let at = 0;
  widths.forEach((width, index) => {
    if (width === 2) view.setUint16(at, values[index], true);
    else view.setUint32(at, values[index], true);
    at += width;
  });
  return new Uint8Array(view.buffer);
}

const dosTime = (now) => [
  (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1),
  ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate(),
];
