/** Reading safetensors: names, types and shapes in JSON, then the arrays, as views of the bytes. */

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export class Safetensors {
  constructor(
    private readonly bytes: ArrayBuffer,
    private readonly entries: Record<string, Entry>,
    private readonly begin: number,
  ) {}

  has(name: string): boolean {
    return name in this.entries;
  }

  floats(name: string, length?: number): Float32Array {
    return this.view(name, "F32", Float32Array, length);
  }

  doubles(name: string): Float64Array {
    return this.view(name, "F64", Float64Array);
  }

  ints(name: string, length?: number): Int32Array {
    return this.view(name, "I32", Int32Array, length);
  }

  shorts(name: string): Int16Array {
    return this.view(name, "I16", Int16Array);
  }

  private view<T extends { length: number }>(
    name: string,
    dtype: string,
    kind: { new (bytes: ArrayBuffer, at: number, length: number): T; BYTES_PER_ELEMENT: number },
    length?: number,
  ): T {
    const entry = this.entries[name];
    if (entry?.dtype !== dtype) throw new Error(`no ${dtype} array ${name}; reload the page`);
    const [from, to] = entry.data_offsets;
    const array = new kind(this.bytes, this.begin + from, (to - from) / kind.BYTES_PER_ELEMENT);
    if (length !== undefined && array.length !== length) {
      throw new Error(`${name} has ${array.length} numbers instead of ${length}; reload the page`);
    }
    return array;
  }
}

/** Read a file that begins a buffer. */
export function readSafetensors(bytes: ArrayBuffer): Safetensors {
  const headBytes = Number(new DataView(bytes).getBigUint64(0, true));
  const head = new TextDecoder().decode(new Uint8Array(bytes, 8, headBytes));
  return new Safetensors(bytes, JSON.parse(head), 8 + headBytes);
}
