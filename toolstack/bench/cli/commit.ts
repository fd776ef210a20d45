import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';

const git = (...args: readonly string[]): string | undefined => {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const {status, stdout} = spawnSync('git', args, {cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
  return status === 0 ? stdout.trim() : undefined;
};

/** The commit of the checkout that this was built of, with "+" where files were changed; undefined of an installed package. */
export const checkoutCommit = (): string | undefined => {
  // Where we are in a checkout of something else, our path is another.
  const [prefix, commit] = git('rev-parse', '--show-prefix', '--short=12', 'HEAD')?.split('\n') ?? [];
  if (commit === undefined || !/^(dist\/)?toolstack\//.test(prefix)) return undefined;
  return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+`;
};
