// A binary frame: header length, header JSON, then the arrays, each at a multiple of four bytes.

const KINDS = { u1: Uint8Array, f4: Float32Array };

/** Return {header, arrays: {name: {data, shape}}}; the arrays are views into the buffer. */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  let offset = 4 + length;
  for (const { name, dtype, shape } of header.arrays ?? []) {
    offset = (offset + 3) & ~3;
    const Kind = KINDS[dtype];
    if (!Kind) throw new Error(`Frame holds an array of unknown type ${dtype}.`);
    const size = shape.reduce((product, n) => product * n, 1);
    arrays[name] = { data: new Kind(buffer, offset, size), shape };
    offset += size * Kind.BYTES_PER_ELEMENT;
  }
  return { header, arrays };
}
