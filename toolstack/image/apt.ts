import {execFile} from 'node:child_process';
import {existsSync, statSync} from 'node:fs';
import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {ToolstackError} from '../errors.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** How long the lists of packages are good. */
const LISTS_MS = 3_600_000;
/** A package with shared libraries ends with their version. @see Debian Policy 8.1 */
const LIBRARY = /^(?:lib.+\d|zlib1g)$/;

/**
 * apt with folders of its own: it reads where the system's packages come from and changes nothing of the system. Needs
 * no root.
 */
export class PrivateApt {
  private readonly directory: string;
  private readonly architecture: string;
  private readonly sources: string;
  private readonly options: readonly string[];

  /** `sources` says in an error whose packages are wanted. */
  constructor({directory, architecture, sources}: {directory: string; architecture: string; sources: string}) {
    this.directory = directory;
    this.architecture = architecture;
    this.sources = sources;
    this.options = Object.entries({
      'Dir::State': join(directory, 'state'),
      'Dir::State::status': join(directory, 'state/status'),
      'Dir::Cache': join(directory, 'cache'),
      'APT::Architecture': architecture,
      'APT::Architectures::': architecture,
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
    }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  }

  /** Fetches the lists of packages, if it is an hour ago. Sources that cannot be had are left out, as apt does. */
  async update(): Promise<void> {
    const stamp = join(this.directory, 'updated');
    const ageMs = Date.now() - (statSync(stamp, {throwIfNoEntry: false})?.mtimeMs ?? 0);
    if (ageMs < LISTS_MS) return;
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'packages']) {
      await mkdir(join(this.directory, folder), {recursive: true});
    }
    await writeFile(join(this.directory, 'state/status'), '');
    try {
      await this.apt('apt-get', ['update']);
      await writeFile(stamp, '');
    } catch (error) {
      if (isMissing(error)) throw noApt();
    }
  }

  /** The first package that `name` depends on: of a metapackage, what it stands for. */
  async dependency(name: string): Promise<string> {
    const text = await this.apt('apt-cache', ['depends', '--important', name]).catch(() => '');
    const found = /Depends: (\S+)/.exec(text)?.[1];
    if (found === undefined) throw this.notProvided(name);
    return found;
  }

  /** The shared libraries that packages need, those of the libraries too: what their programs load, and no more. */
  async libraries(names: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    for (let next = [...names]; next.length > 0;) {
      const text = await this.apt('apt-cache', ['depends', '--important', ...next]).catch(() => '');
      const needed = Array.from(text.matchAll(/Depends: ([^<\s]+)$/gm), ([, name]) => name);
      next = [...new Set(needed)].filter((name) => LIBRARY.test(name) && !found.has(name));
      for (const name of next) found.add(name);
    }
    return [...found].toSorted();
  }

  /** Downloads packages, those that are there already apart. Returns the paths of their files. */
  async download(names: readonly string[]): Promise<string[]> {
    const folder = join(this.directory, 'packages');
    await this.apt('apt-get', ['download', ...names], folder).catch(() => {
      throw this.notProvided(names.join(', '));
    });
    const files = await readdir(folder);
    return names.map((name) => {
      const file = files.find((candidate) => candidate.startsWith(`${name}_`));
      if (file === undefined) throw this.notProvided(name);
      return join(folder, file);
    });
  }

  private async apt(program: string, args: readonly string[], cwd?: string): Promise<string> {
    const env = {...process.env, LC_ALL: 'C'};
    return (await run(program, [...this.options, '-q', ...args], {cwd, env, maxBuffer: MAX_OUTPUT_BYTES})).stdout;
  }

  private notProvided(what: string): ToolstackError {
    const needs = `it takes the sources of ${this.sources}, and the network`;
    return new ToolstackError('ENOENT', `pvsim: apt does not provide ${what} for ${this.architecture}: ${needs}`);
  }
}

/** Unpacks a package's files, and runs nothing of it. */
export const unpackPackage = async (file: string, directory: string): Promise<void> => {
  await run('dpkg-deb', ['-x', file, directory]).catch((error: unknown) => {
    if (isMissing(error)) throw noApt();
    throw new ToolstackError('EIO', `pvsim: ${file}: dpkg-deb cannot unpack it; remove it to download it again`);
  });
};

/** The same, unless an earlier run has done it. */
export const unpackPackageOnce = async (file: string, directory: string): Promise<void> => {
  const marker = join(directory, '.unpacked', basename(file));
  if (existsSync(marker)) return;
  await unpackPackage(file, directory);
  await mkdir(dirname(marker), {recursive: true});
  await writeFile(marker, '');
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const noApt = (): ToolstackError =>
  new ToolstackError('ENOENT', 'pvsim: apt-get or dpkg-deb is not installed: build the image on Debian and copy it');
