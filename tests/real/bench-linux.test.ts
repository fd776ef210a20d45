import {dirname} from 'node:path';
import {benchLinux, formatLinux} from '../../toolstack/bench/linux/index.ts';
import {linuxJobs} from '../../toolstack/bench/linux/jobs.ts';
import {debianGuest} from '../support/debian.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();

testWith(
  'missing' in guest ? guest.missing : undefined,
  "Linux's drivers are compared, an I/O at a time",
  async (t) => {
    if ('missing' in guest) throw new Error(guest.missing);
    t.timeout(300_000);
    const chosen = linuxJobs.filter(({name}) => ['read 4k', 'text out'].includes(name));
    const jobs = chosen.map((job) => ({...job, ios: 20}));
    const directory = dirname(guest.image.config);
    const {kernel, results} = await benchLinux({directory, seed: 1, jobs, progress: () => undefined});
    t.regex(kernel, /^Linux 6\.1\./);
    const by = (driver: string) => results.find((result) => result.driver === driver)!.counted;
    const near = (actual: number, expected: number): boolean => t.true(Math.abs(actual - expected) < 0.5, `${actual}`);
    // A request an event, and each answer another.
    near(by('xen-blkfront').port + by('xen-blkfront').mmio, 0);
    near(by('xen-blkfront').hypercall, 1);
    near(by('xen-blkfront').upcall, 1);
    near(by('ata_piix').port, 26);
    near(by('ata_piix').interrupt, 1);
    near(by('ata_piix').upcall, 0);
    near(by('sym53c8xx').interrupt, 1);
    t.true(by('8250').port > 64, 'each character has an access of its own, and then some');
    for (const {counted} of results) t.true(counted.instructions > 1000);
    const rows = formatLinux(results, kernel)
      .split('\n')
      .filter((line) => / (pv|emulated) +[\d.]/.test(line));
    t.is(rows.length, results.length);
  },
);
