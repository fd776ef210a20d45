import * as xen from '../abi/xen.ts';
import {errnoName} from '../errno.ts';

const KEPT = 16;
/** Number, first and second argument, result. */
const FIELDS = 4;

const PREFIX = '__HYPERVISOR_';
const names = new Map<unknown, string>(
  Object.entries(xen)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, number]) => [number, name.slice(PREFIX.length)]),
);

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** The last hypercalls of a vCPU, for whoever asks what a guest did before it stopped. */
export class HypercallHistory {
  private readonly fields = new Int32Array(KEPT * FIELDS);
  private made = 0;

  add(number: number, first: number, second: number, result: number): void {
    const at = (this.made++ % KEPT) * FIELDS;
    this.fields[at] = number;
    this.fields[at + 1] = first;
    this.fields[at + 2] = second;
    this.fields[at + 3] = result;
  }

  /** Oldest first: "memory_op(7, 0x12f40) = EINVAL". */
  lines(): string[] {
    const count = Math.min(this.made, KEPT);
    return Array.from({length: count}, (_, i) => {
      const at = ((this.made - count + i) % KEPT) * FIELDS;
      const [number, first, second, result] = this.fields.subarray(at, at + FIELDS);
      const name = names.get(number) ?? `hypercall ${number}`;
      return `${name}(${first >>> 0}, ${hex(second)}) = ${result < 0 ? `-${errnoName(result)}` : result}`;
    });
  }
}
