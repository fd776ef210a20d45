// Makes a checkout ready to run: installs the dependencies when the lock file is newer than what is there, then builds.
import {spawnSync} from 'node:child_process';
import {existsSync, rmSync, statSync} from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`pvsim needs Node 20.19 or newer; this is ${process.versions.node}`);
  process.exit(1);
}

const run = (command, args) => {
  const {status, error} = spawnSync(command, args, {stdio: ['ignore', 'inherit', 'inherit']});
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
};

const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) {
  // Not npm ci: it refuses a lock file in which another platform's optional package is missing.
  run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
rmSync('dist', {recursive: true, force: true});
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
