import {pattern} from '../../support/ide-rig.ts';
import {type Channel, softReset} from './ide-channel.ts';
import {numbersFrom} from './session.ts';

const BUFFER = 0x200000;
const RANDOM_COMMANDS = 40;

export const driveDisk = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const step = (name: string): void => session.step(name);

  step('SRST');
  await softReset(disk);

  step('no slave');
  disk.write(6, 0xf0);
  session.in(disk.control);
  disk.read(7);
  disk.write(6, 0x40);
  disk.read(6);
  disk.look();

  step('IDENTIFY DEVICE');
  await disk.identify(0xec);

  step('READ SECTOR(S)');
  disk.issue(0x20, {count: 3, lba: 1000});
  await disk.readBlocks(512);

  step('READ SECTOR(S) by CHS');
  disk.issue(0x20, {count: 1, lba: 0x000105, device: 0x02});
  await disk.readBlocks(512);

  step('WRITE SECTOR(S)');
  disk.issue(0x30, {count: 3, lba: 2000});
  await disk.writeBlocks(pattern(3 * 512, 3), 512);
  disk.issue(0x20, {count: 4, lba: 2000});
  await disk.readBlocks(512);

  step('SET MULTIPLE MODE');
  for (const count of [3, 32, 0, 16]) await disk.command(0xc6, {count});

  step('READ MULTIPLE');
  disk.issue(0xc4, {count: 32, lba: 100});
  await disk.readBlocks(16 * 512);

  step('WRITE MULTIPLE');
  disk.issue(0xc5, {count: 20, lba: 300});
  await disk.writeBlocks(pattern(20 * 512, 9), 16 * 512);
  disk.issue(0x20, {count: 20, lba: 300});
  await disk.readBlocks(512);

  step('READ MULTIPLE off');
  await disk.command(0xc6, {count: 0});
  disk.issue(0xc4, {count: 1, lba: 100});
  await disk.readBlocks(512);

  step('READ SECTOR(S) EXT');
  disk.issueExt(0x24, {count: 2, lba: 15_000});
  await disk.readBlocks(512);
  step('HOB');
  disk.issueExt(0x42, {count: 1, lba: 19_000});
  await disk.idle();
  session.out(disk.control, 0x80);
  for (const register of [2, 3, 4, 5]) disk.read(register);
  session.out(disk.control, 0);
  for (const register of [2, 3, 4, 5]) disk.read(register);
  disk.read(7);

  step('WRITE SECTOR(S) EXT');
  disk.issueExt(0x34, {count: 1, lba: 15_001});
  await disk.writeBlocks(pattern(512, 77), 512);

  step('beyond the end');
  // All of it: of an extent that ends beyond, drives may refuse all, as ours, or send what there is, as QEMU's.
  for (const lba of [20_000, 0x0fffffff]) {
    step(`beyond the end, READ ${lba}`);
    disk.issue(0x20, {count: 2, lba});
    await disk.readBlocks(512);
    step(`beyond the end, VERIFY ${lba}`);
    await disk.command(0x40, {count: 2, lba});
  }

  const noData = [
    ['NOP', 0x00, {}],
    ['RECALIBRATE', 0x10, {}],
    ['READ VERIFY', 0x40, {count: 8, lba: 10}],
    ['SEEK', 0x70, {lba: 10}],
    ['DIAGNOSTIC', 0x90, {}],
    ['INITIALIZE DEVICE PARAMETERS', 0x91, {count: 63, device: 0x0f}],
    ['IDLE IMMEDIATE', 0xe1, {}],
    ['STANDBY IMMEDIATE', 0xe0, {}],
    ['CHECK POWER MODE', 0xe5, {}],
    ['FLUSH CACHE', 0xe7, {}],
    ['FLUSH CACHE EXT', 0xea, {}],
    ['READ NATIVE MAX ADDRESS', 0xf8, {}],
    ['SET FEATURES, PIO 4', 0xef, {features: 3, count: 0x0c}],
    ['SET FEATURES, MWDMA 2', 0xef, {features: 3, count: 0x22}],
    ['SET FEATURES, UDMA 5', 0xef, {features: 3, count: 0x45}],
    ['SET FEATURES, mode 77', 0xef, {features: 3, count: 0x77}],
    ['SET FEATURES, write cache', 0xef, {features: 2}],
    ['SET FEATURES, no write cache', 0xef, {features: 0x82}],
    ['SET FEATURES, look-ahead', 0xef, {features: 0xaa}],
    ['SET FEATURES, 0x99', 0xef, {features: 0x99}],
    ['SMART ENABLE', 0xb0, {features: 0xd8, lba: 0xc24f00}],
    ['SMART STATUS', 0xb0, {features: 0xda, lba: 0xc24f00}],
    ['SMART, no key', 0xb0, {features: 0xda}],
    ['unknown', 0x9f, {}],
    ['PACKET', 0xa0, {}],
    ['IDENTIFY PACKET DEVICE', 0xa1, {}],
    ['DEVICE RESET', 0x08, {}],
  ] as const;
  for (const [name, opcode, file] of noData) {
    step(name);
    await disk.command(opcode, file);
  }
  step('after SET FEATURES');
  await disk.command(0xef, {features: 2});
  await disk.identify(0xec);

  step('nIEN');
  session.out(disk.control, 2);
  await disk.command(0xe7);
  session.out(disk.control, 0);
  session.lines();
  disk.issue(0xe7);
  await disk.idle();
  session.lines();
  session.out(disk.control, 2);
  session.lines();
  session.out(disk.control, 0);
  disk.look();

  await driveBusMaster(disk);
  await driveRandomly(disk);
  step('SRST at the end');
  disk.issue(0x20, {count: 2, lba: 0});
  await disk.idle();
  await softReset(disk);
};

const driveBusMaster = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const {pc} = session;
  const one = (bytes: number) => [{address: BUFFER, bytes}];
  const clear = (): void => pc.writeBytes(BUFFER, new Uint8Array(32768));

  session.step('READ DMA');
  clear();
  const parts = [
    {address: BUFFER + 0x2000, bytes: 1024},
    {address: BUFFER + 2, bytes: 510},
    {address: BUFFER + 0x4000, bytes: 514 + 2048},
  ];
  await disk.dma(true, parts, () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 32768);

  session.step('WRITE DMA');
  pc.writeBytes(BUFFER, pattern(4096, 42));
  await disk.dma(false, one(4096), () => disk.issue(0xca, {count: 8, lba: 600}));
  clear();
  session.step('READ DMA EXT');
  await disk.dma(true, one(8192), () => disk.issueExt(0x25, {count: 16, lba: 598}));
  session.memory('memory', BUFFER, 8192);
  session.step('WRITE DMA EXT');
  await disk.dma(false, one(512), () => disk.issueExt(0x35, {count: 1, lba: 599}));

  session.step('a table of 64 KiB');
  await disk.dma(true, [{address: BUFFER, bytes: 0x10000}], () => disk.issue(0xc8, {count: 128, lba: 0}));
  session.memory('memory', BUFFER, 0x10000);

  session.step('a table with room left');
  clear();
  await disk.dma(true, one(8192), () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 8192);

  session.step('READ DMA beyond the end');
  clear();
  await disk.dma(true, one(4096), () => disk.issue(0xc8, {count: 8, lba: 19_998}));
  session.memory('memory', BUFFER, 4096);

  session.step('WRITE DMA EXT beyond the end');
  await disk.dma(false, one(4096), () => disk.issueExt(0x35, {count: 8, lba: 20_001}));

  session.step('a table that is too short');
  clear();
  await disk.dma(true, one(1024), () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 4096);
  session.step('SRST after it');
  await softReset(disk);
};

const driveRandomly = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const random = numbersFrom(7010);
  session.step('random task files');
  for (let i = 0; i < 200; i++) {
    const register = 1 + random(5);
    if (random(2) === 0) disk.read(register);
    else disk.write(register, random(256));
  }
  for (let i = 0; i < RANDOM_COMMANDS; i++) {
    const count = 1 + random(20);
    const lba = random(19_900);
    session.step(`random command ${i}`);
    const kind = random(6);
    const regions = [{address: BUFFER, bytes: count * 512}];
    if (kind === 0) {
      disk.issue(0x20, {count, lba});
      await disk.readBlocks(512);
    } else if (kind === 1) {
      disk.issue(0x30, {count, lba});
      await disk.writeBlocks(pattern(count * 512, i), 512);
    } else if (kind === 2) {
      disk.issueExt(0x24, {count, lba});
      await disk.readBlocks(512);
    } else if (kind === 3) {
      await disk.dma(true, regions, () => disk.issue(0xc8, {count, lba}));
      session.memory('memory', BUFFER, count * 512);
    } else if (kind === 4) {
      await disk.dma(false, regions, () => disk.issueExt(0x35, {count, lba}));
    } else await disk.command(0x40, {count, lba});
  }
};
