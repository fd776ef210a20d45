import type {Random} from '../../../hypervisor/schedule/index.ts';

/** Most calls that are under way at once. */
const MAX_UNDER_WAY = 8;

/** Makes `count` calls, some at a time, and waits for all of them to end. */
export const makeCalls = async (count: number, random: Random, call: () => Promise<void>): Promise<void> => {
  let underWay = 0;
  let wake: (() => void) | undefined;
  const calls: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    while (underWay > random.below(MAX_UNDER_WAY)) await new Promise<void>((resolve) => (wake = resolve));
    underWay++;
    calls.push(
      call().finally(() => {
        underWay--;
        wake?.();
      }),
    );
  }
  await Promise.all(calls);
};
