// Read an .npz file of NumPy, as `rnn_lib.files` writes it: a zip archive of .npy files, not compressed.

const TYPES = { "<f4": Float32Array, "<f8": Float64Array, "<i4": Int32Array };

// Return {name: {shape, data}}; arrays of other types are left out.
export async function readNpz(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const buffer = await answer.arrayBuffer();
  const view = new DataView(buffer);
  const text = (start, length) => new TextDecoder().decode(new Uint8Array(buffer, start, length));
  const arrays = {};
  const end = buffer.byteLength - 22; // the archive's last record
  let entry = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left; left--) {
    const [nameLength, extra, comment] = [28, 30, 32].map((at) => view.getUint16(entry + at, true));
    const name = text(entry + 46, nameLength).replace(/\.npy$/, "");
    const local = view.getUint32(entry + 42, true);
    const npy = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const headerLength = view.getUint16(npy + 8, true);
    const header = text(npy + 10, headerLength);
    const type = TYPES[/'descr': '([^']*)'/.exec(header)[1]];
    if (type && header.includes("'fortran_order': False")) {
      const shape = /'shape': \(([^)]*)\)/.exec(header)[1].match(/\d+/g)?.map(Number) ?? [];
      const begin = npy + 10 + headerLength;
      const n = shape.reduce((product, size) => product * size, 1);
      arrays[name] = { shape, data: new type(buffer.slice(begin, begin + n * type.BYTES_PER_ELEMENT)) };
    }
    entry += 46 + nameLength + extra + comment;
  }
  return arrays;
}

// Return the rows of a matrix, each an array.
export function rows({ shape: [m, n], data }) {
  return Array.from({ length: m }, (_, i) => Array.from(data.subarray(i * n, (i + 1) * n)));
}
