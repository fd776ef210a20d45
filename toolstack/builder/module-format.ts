/**
 * Module hooks, in Node's thread for them: a TypeScript file below the directory of a guest program is an ES module,
 * whatever package.json is near it or is not. Tsx would make a data: URL of it otherwise, which is what stacks then show.
 */
import type {InitializeHook, ResolveHook} from 'node:module';

const directories = new Set<string>();

/** `directory` is a file: URL with a slash at its end. */
export const initialize: InitializeHook<string> = (directory) => void directories.add(directory);

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context);
  return isOfProgram(resolved.url) ? {...resolved, format: 'module'} : resolved;
};

const isOfProgram = (url: string): boolean => {
  const [path] = url.split('?');
  if (!path.endsWith('.ts') || path.includes('/node_modules/')) return false;
  for (const directory of directories) if (path.startsWith(directory)) return true;
  return false;
};
