/** An entry of GRUB's menu that starts Linux. Paths are those of the file system that the config is on. */
export interface MenuEntry {
  readonly title: string;
  readonly kernel: string;
  /** Loaded one behind the other. */
  readonly ramdisks: readonly string[];
  readonly args: string;
}

export interface Menu {
  readonly entries: readonly MenuEntry[];
  /** Number or title. */
  readonly default: string | undefined;
}

const LINUX = new Set(['linux', 'linux16', 'linuxefi']);
const INITRD = new Set(['initrd', 'initrd16', 'initrdefi']);

/** A word, with its quotes. */
const WORDS = /(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/g;

/**
 * Reads a grub.cfg as pygrub does: its menu entries from top to bottom, those of submenus too, and nothing of its
 * program. An entry that starts no Linux is left out.
 */
export const parseGrubConfig = (text: string): Menu => {
  const entries: MenuEntry[] = [];
  let chosen: string | undefined;
  let title: string | undefined;
  let kernel: string | undefined;
  let ramdisks: string[] = [];
  let args: string[] = [];
  const finish = (): void => {
    if (title !== undefined && kernel !== undefined) entries.push({title, kernel, ramdisks, args: args.join(' ')});
    [title, kernel, ramdisks, args] = [undefined, undefined, [], []];
  };
  for (const line of text.split('\n')) {
    const [command = '', ...words] = wordsOf(line);
    if (command === 'menuentry') {
      finish();
      title = titleOf(words);
    } else if (command === '}' || command === 'submenu') finish();
    else if (command === 'set' && words[0]?.startsWith('default=')) chosen ??= words[0].slice('default='.length);
    else if (title === undefined) continue;
    else if (LINUX.has(command)) [kernel, args] = [withoutDevice(words[0] ?? ''), words.slice(1)];
    else if (INITRD.has(command)) ramdisks = words.map(withoutDevice);
  }
  finish();
  return {entries, default: chosen?.includes('$') === true ? undefined : chosen};
};

/** `menuentry 'Title' --class debian`, or options first: those with `=` are a word, the others have a value. */
const titleOf = (words: readonly string[]): string => {
  let at = 0;
  while (words[at]?.startsWith('--')) at += words[at].includes('=') || words[at] === '--unrestricted' ? 1 : 2;
  return words[at] ?? '';
};

const wordsOf = (line: string): string[] => {
  const text = line.trim();
  if (text.startsWith('#')) return [];
  return Array.from(text.match(WORDS) ?? [], (word) => word.replaceAll(/\\(.)|['"]/g, '$1'));
};

const withoutDevice = (path: string): string => path.replace(/^\([^)]*\)/, '');
