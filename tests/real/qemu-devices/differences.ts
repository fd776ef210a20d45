/** A difference between QEMU and us that is meant to be, wherever it shows. */
export interface Difference {
  readonly device: string;
  /** "step: what was looked at" */
  readonly where: RegExp;
  readonly reason: string;
}

const uart: readonly Difference[] = [
  {
    device: '16550A',
    where: /^reset: in MCR$/,
    reason: 'QEMU has OUT2 on after reset, for want of firmware; MR clears all of MCR, says the datasheet',
  },
  {
    device: '16550A',
    where: /loop: changes in MSR$/,
    reason: 'a change of the inputs is one in the loop, too ("Modem Control Register", bit 4); QEMU leaves that out',
  },
  {device: '16550A', where: /^OUT2 off: lines$/, reason: 'a PC has OUT2 gate the interrupt; QEMU has not'},
];

const ide = (where: RegExp, reason: string): Difference => ({device: 'IDE', where, reason});

const ideDifferences: readonly Difference[] = [
  ide(/SRST.*: in Alternate Status in it$/, 'BSY is set while SRST is; QEMU shows the drive as it was'),
  ide(/SRST.*: lines after it$/, 'a reset has no interrupt; QEMU raises one, as after EXECUTE DEVICE DIAGNOSTIC'),
  ide(/^no slave: in 1f6$/, 'bits 5 and 7 of Device are obsolete: QEMU has them as 1, ours as they were written'),
  ide(/: word (4|5|20|21|22|52|62)$/, 'obsolete words, which QEMU fills as drives of ATA-1 did'),
  ide(/: word 50$/, 'bit 14 says that the word means something'),
  ide(/: word (69|105)$/, 'QEMU trims as much as there is, and promises nothing of what is read then'),
  ide(/: word (80|81)$/, 'versions of the standard'),
  ide(
    /DEVICE: word (82|85)$|FEATURES: word (82|85)$/,
    'look-ahead can be set, and a CD drive knows DEVICE RESET and NOP',
  ),
  ide(/: word (83|84|87)$/, 'WRITE DMA FUA EXT is one of ours; a CD drive says that the words mean something'),
  ide(/: word 106$/, 'QEMU tells of the size of a physical sector, which is that of a logical one'),
  ide(/: word 255$/, 'the checksum, which QEMU leaves out'),
  ide(/^after SET FEATURES: word 59$/, 'multiple mode is off by then; QEMU keeps what IDENTIFY DEVICE told first'),
  ide(/beyond the end.*: in 1f1$/, 'drives tell IDNF or ABRT of an address beyond the end: ours IDNF, QEMU ABRT'),
  ide(/^beyond the end, VERIFY/, 'QEMU verifies without a look at the address'),
  ide(/^(IDLE|STANDBY) IMMEDIATE: (Alternate )?Status$/, 'DSC, which is obsolete: QEMU drops it here'),
  ide(/^CHECK POWER MODE: in 1f2$/, 'it is on standby since the command before; QEMU has drives that never sleep'),
  ide(/^nIEN: lines$/, 'nIEN takes the interrupt off the bus at once; QEMU lets one that is there be'),
  ide(
    /DMA.* beyond the end: in BMIS$/,
    'a table with room left keeps the bus master active; after an error QEMU stops it',
  ),
  ide(/^a table that is too short: memory$/, 'what the table has room for is moved; QEMU moves nothing'),
  ide(/^CD, (IDENTIFY DEVICE|READ SECTOR\(S\)): Device$/, 'the signature has Device, too; QEMU keeps LBA there'),
  ide(
    /^CD, DEVICE RESET: in 171$/,
    'Error has the code of the diagnostics, 1 for passed, as after SRST; QEMU clears it',
  ),
  ide(/^CD, IDENTIFY PACKET DEVICE: word (49|53|65|66|67|68|71|72|93)$/, 'cycle times and what the cable is'),
  ide(/^CD, INQUIRY: byte 0$/, 'names, and the version of SPC'),
  ide(
    /^CD, .*(sense of it|its sense|SENSE): byte 0$/,
    'VALID says that there is information, and there is none; ours points at the field',
  ),
  ide(/^CD, READ TOC: byte 0$/, 'the lead-out of a data track is data, too: QEMU says that it may be copied'),
  ide(
    /^CD, READ TOC, sessions: byte 0$/,
    'the format is in byte 2; QEMU looks for it in byte 9, where SFF-8020 had it',
  ),
  ide(/^CD, MODE SENSE/, 'medium type and pages of SFF-8020 with QEMU, of MMC-6 with ours'),
  ide(
    /^CD, GET EVENT STATUS: byte 0$/,
    'the length counts what is behind its field; QEMU counts what is behind the header',
  ),
  ide(/^CD, MECHANISM STATUS: byte 0$/, 'a drive that is no changer has no slots; QEMU has one'),
];

const ps2 = (where: RegExp, reason: string): Difference => ({device: 'i8042', where, reason});

const ps2Differences: readonly Difference[] = [
  ps2(
    /^(reset: in 64|the command byte( after reset)?: in 60)$/,
    "ours is as a PC's firmware leaves it, QEMU's as before",
  ),
  ps2(/: all of the status$/, 'bit 3 tells whether a command or data was written last; with QEMU it is 1'),
  ps2(
    /^the command byte, keyboard off: lines$/,
    "a controller's own answer has its interrupt with the keyboard off, too",
  ),
  ps2(/^output port(, A20 off)?: in 60$/, 'clock and data of the two connectors read as 0'),
  ps2(/^mouse, unknown: /, 'a mouse asks for an unknown command again; QEMU is silent'),
];

const rtl8139 = (where: RegExp, reason: string): Difference => ({device: 'RTL8139', where, reason});

const rtl8139Differences: readonly Difference[] = [
  rtl8139(/^PCI: configuration 4$/, 'Status says how fast DEVSEL is; with QEMU it is 0'),
  rtl8139(/^(reset|after all|reset again): in (BMCR|ANLPAR|CSCR)$/, 'ours has negotiated 100 Mbit/s and says so'),
  rtl8139(
    /^(random|reset again): in (TSAD0|TSAD3|RCR|MULINT)$/,
    'RST leaves IDR and MAR as they are, and nothing else; QEMU keeps more',
  ),
];

const e1000 = (where: RegExp, reason: string): Difference => ({device: 'e1000', where, reason});

const e1000Differences: readonly Difference[] = [
  e1000(/^PCI: configuration 4$/, 'Status says how fast DEVSEL is; with QEMU it is 0'),
  e1000(/: STATUS$/, 'bits that an 82540EM has not got: QEMU shares its table with other chips'),
  e1000(/: EECD$/, 'GNT follows REQ; with QEMU it is 1'),
  e1000(
    /^(after power on|CTRL.RST|after all): MDIC$/,
    'READY after reset, and PHY 2 that QEMU answers for by what was read before',
  ),
  e1000(/: MANC$/, 'management is left out'),
  e1000(/^EERD: word/, "words for Intel's own firmware, and the checksum over them; those that drivers use are before"),
  e1000(/^MDIC: PHY 1, 1$/, 'ours has negotiated by then, as with the cable in at power on'),
  e1000(/^MDIC: PHY 1, 5$/, 'the other end acknowledges, once negotiation is over'),
  e1000(
    /^MDIC: PHY 1, (7|8|1[1-5]|18|19|2[2-9]|3[01])$/,
    'a PHY answers for all its registers; QEMU reports an error for those it lacks',
  ),
  e1000(/^MDIC: PHY 2, /, 'MDIC keeps which register was asked for when no PHY answers'),
  e1000(/^CTRL.RST: CTRL$/, 'RST brings CTRL back, too; QEMU resets nothing'),
  e1000(
    /: FCS$/,
    'the FCS goes to memory unless SECRC is set, and its length counts with both; QEMU leaves memory alone',
  ),
  e1000(/: (GOTCL|TOTL)$/, 'octets of a VLAN tag are sent ones; QEMU counts before it puts the tag in'),
  e1000(/^after all: RXCSUM$|^random: (5000|410)$/, 'RXCSUM and TIPG can be read; with QEMU they are 0'),
];

const lsi = (where: RegExp, reason: string): Difference => ({device: 'LSI 53C895A', where, reason});

const lsiDifferences: readonly Difference[] = [
  lsi(/^(after power on|SRST|SRST again): CTEST1$/, 'the FIFO is empty, and says so'),
  lsi(/^(after power on|SRST|SRST again): (CTEST2|MACNTL|STEST0)$/, 'pins and types that no driver looks at'),
  lsi(/: SFBR$/, 'QEMU has a revision where SFBR is'),
  lsi(/^an interrupt on the fly: ISTAT0$/, 'reading DSTAT clears DIP, whatever INTF is'),
  lsi(/^INQUIRY: byte (0|4|32)$/, 'versions, and a name that is padded with spaces'),
  lsi(/^less data than room: ISTAT0$/, 'CON is set while a target is connected'),
  lsi(/^less data than room: byte 12$/, 'sense that points at the field that is wrong'),
];

export const differences: readonly Difference[] = [
  ...uart,
  ...ideDifferences,
  ...ps2Differences,
  ...rtl8139Differences,
  ...e1000Differences,
  ...lsiDifferences,
];
