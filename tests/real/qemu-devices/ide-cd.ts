import {type Channel, softReset} from './ide-channel.ts';

const BUFFER = 0x200000;

export const driveCd = async (cd: Channel): Promise<void> => {
  const {session} = cd;
  const step = (name: string): void => session.step(`CD, ${name}`);
  step('SRST');
  await softReset(cd);
  step('IDENTIFY DEVICE');
  await cd.command(0xec);
  step('READ SECTOR(S)');
  await cd.command(0x20, {count: 1});
  step('DEVICE RESET');
  cd.issue(0x08, {device: 0});
  await cd.idle();
  cd.look();
  step('IDENTIFY PACKET DEVICE');
  await cd.identify(0xa1);
  // Ours has a unit attention after power on, QEMU's only after a change of media.
  cd.issue(0xa0, {device: 0});
  await cd.idle();
  cd.sendPacket('00');
  await cd.idle();
  session.pc.io.readPort(cd.port + 7, 1);
  for (const [name, packet] of [
    ['TEST UNIT READY', '00'],
    ['REQUEST SENSE', '03 00 00 00 12'],
    ['INQUIRY', '12 00 00 00 24'],
    ['READ CAPACITY', '25'],
    ['READ(10)', '28 00 00 00 00 10 00 00 02'],
    ['READ(12)', 'a8 00 00 00 00 10 00 00 00 02'],
    ['READ(10) of nothing', '28 00 00 00 00 10 00 00 00'],
    ['READ(10) beyond the end', '28 00 00 00 02 00 00 00 01'],
    ['sense of it', '03 00 00 00 12'],
    ['unknown', 'ff'],
    ['its sense', '03 00 00 00 12'],
    ['READ TOC', '43 02 00 00 00 00 00 00 40'],
    ['READ TOC, sessions', '43 00 01 00 00 00 00 00 0c'],
    ['MODE SENSE(10), errors', '5a 00 01 00 00 00 00 00 10'],
    ['MODE SENSE(10), capabilities', '5a 00 2a 00 00 00 00 00 80'],
    ['PREVENT REMOVAL', '1e 00 00 00 01'],
    ['ALLOW REMOVAL', '1e 00 00 00 00'],
    ['GET CONFIGURATION', '46 02 00 00 00 00 00 00 10'],
    ['GET EVENT STATUS', '4a 01 00 00 10 00 00 00 08'],
    ['MECHANISM STATUS', 'bd 00 00 00 00 00 00 00 00 08'],
  ] as const) {
    step(name);
    await cd.packet(packet);
  }
  step('READ(10) in bursts');
  await cd.packet('28 00 00 00 00 20 00 00 03', 0x1000);
  step('READ(10) by DMA');
  session.pc.writeBytes(BUFFER, new Uint8Array(8192));
  await cd.dma(true, [{address: BUFFER, bytes: 8192}], () => {
    cd.issue(0xa0, {features: 1, device: 0});
    cd.sendPacket('28 00 00 00 00 30 00 00 04');
  });
  session.memory('memory', BUFFER, 8192);
  step('SRST at the end');
  await softReset(cd);
};
