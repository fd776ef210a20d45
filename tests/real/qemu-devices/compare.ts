import type {Difference} from './differences.ts';
import type {Seen} from './session.ts';

/** By steps, in order. */
const byStep = (seen: readonly Seen[]): Map<string, Seen[]> => {
  const steps = new Map<string, Seen[]>();
  for (const each of seen) steps.set(each.step, [...(steps.get(each.step) ?? []), each]);
  return steps;
};

/** What differs, a line each, but for what may; notes in `used` what did. */
export const compare = (
  device: string,
  qemu: readonly Seen[],
  ours: readonly Seen[],
  differences: readonly Difference[],
  used: Set<Difference>,
): string[] => {
  const lines: string[] = [];
  const others = byStep(ours);
  for (const [step, seen] of byStep(qemu)) {
    const other = others.get(step) ?? [];
    for (const [index, {what, value}] of seen.entries()) {
      const where = `${step}: ${what}`;
      if (other[index]?.what !== what) {
        lines.push(`${where}: QEMU's way leads here, ours to ${other[index]?.what}`);
        break;
      }
      if (other[index].value === value) continue;
      const allowed = differences.find((each) => each.device === device && each.where.test(where));
      if (allowed === undefined) lines.push(`${where}: ${value}, ours ${other[index].value}`);
      else used.add(allowed);
    }
  }
  return lines;
};
