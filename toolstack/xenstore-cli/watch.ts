import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {escapeValue} from './escape.ts';
import {valueOf} from './snapshot.ts';

const [GREEN, RED, CYAN, DIM, RESET] = ['32', '31', '36', '2', '0'].map((code) => `\u001B[${code}m`);

export interface WatchOptions {
  readonly paths: readonly string[];
  /** Ends after so many events. */
  readonly count: number;
  /** Beside each path what is there now, in colour: new or changed, or gone. */
  readonly live: boolean;
}

/** Prints a line for each event until `count` have come or the store goes. */
export const watch = (xs: XsClient, options: WatchOptions, print: (line: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    let left = options.count;
    let printed = Promise.resolve();
    const subscriptions = options.paths.map((path) =>
      xs.watch(path).subscribe({
        next: (event) => {
          if (left-- <= 0) return;
          const isLast = left === 0;
          printed = printed.then(async () => {
            print(options.live ? await describe(xs, event) : event);
            if (!isLast) return;
            for (const subscription of subscriptions) subscription.unsubscribe();
            resolve();
          }, reject);
        },
        error: reject,
        complete: () => void printed.then(resolve, reject),
      }),
    );
  });

const describe = async (xs: XsClient, path: string): Promise<string> => {
  if (path.startsWith('@')) return `${CYAN}${path}${RESET}`;
  const [value, perms] = await Promise.all([valueOf(xs, path), xs.getPerms(path)]);
  if (value === undefined) return `${RED}${path}${RESET} ${DIM}(gone)${RESET}`;
  return `${GREEN}${path}${RESET} = "${escapeValue(value)}" ${DIM}(${perms?.join(',')})${RESET}`;
};
