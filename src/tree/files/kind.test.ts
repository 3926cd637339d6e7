import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceText, filesystemName, fileType, layerNames, openFlagNames } from './kind.ts';
import { encodeFile, readFileRecords } from './record.ts';

function typeOf(path: string, filesystem: number, mode = 0, layer = 0): string {
  return fileType(readFileRecords(encodeFile({ path: Buffer.from(path), filesystem, mode, layer })))(0);
}

const ext4 = 0xef53;
const tmpfs = 0x01021994;
const anonymous = 0x09041934;

test('files on disk have the type of their mode', () => {
  assert.equal(typeOf('/a', ext4, 0o100644, 1), 'regular');
  assert.equal(typeOf('/', ext4, 0o040755, 1), 'directory');
  assert.equal(typeOf('/dev/null', tmpfs, 0o020666, 1), 'character-device');
  assert.equal(typeOf('/dev/sda', tmpfs, 0o060660, 1), 'block-device');
  assert.equal(typeOf('/run/fifo', tmpfs, 0o010600, 1), 'fifo');
  assert.equal(typeOf('/run/link', tmpfs, 0o120777, 1), 'symlink');
  assert.equal(typeOf('/run/socket', tmpfs, 0o140777, 1), 'socket');
  assert.equal(typeOf('/x', ext4, 0, 1), 'unknown');
});

test('kernel objects have the name that the kernel gives them', () => {
  assert.equal(typeOf('anon_inode:[eventpoll]', anonymous), 'eventpoll');
  assert.equal(typeOf('anon_inode:[io_uring]', anonymous, 0o100600), 'io-uring');
  assert.equal(typeOf('anon_inode:bpf-map', anonymous), 'bpf-map');
  assert.equal(typeOf('anon_inode:bpf_link', anonymous), 'bpf-link');
  assert.equal(typeOf('pipe:[12]', 0x50495045, 0o010600), 'pipe');
  assert.equal(typeOf('socket:[12]', 0x534f434b, 0o140777), 'socket');
  assert.equal(typeOf('mnt:[4026531841]', 0x6e736673, 0o100444), 'namespace');
  assert.equal(typeOf('pidfd:[7]', 0x50494446, 0o100700), 'pidfd');
  assert.equal(typeOf('/queue', 0x19800202, 0o100600, 1), 'message-queue');
});

test('a name alone makes no kernel object', () => {
  assert.equal(typeOf('anon_inode:[eventfd]', ext4, 0o100644, 1), 'regular');
  assert.equal(typeOf('/memfd:x (deleted)', tmpfs, 0o100600, 0), 'memfd');
  assert.equal(typeOf('/memfd:x (deleted)', tmpfs, 0o100600, 1), 'regular');
  assert.equal(typeOf('/memfd:x (deleted)', ext4, 0o100600, 0), 'regular');
});

test('open flags: the access mode first, parts not beside their whole, the rest in octal', () => {
  assert.deepEqual(openFlagNames(0, 'x64'), ['O_RDONLY']);
  assert.deepEqual(openFlagNames(0o2100002, 'x64'), ['O_RDWR', 'O_LARGEFILE', 'O_CLOEXEC']);
  assert.deepEqual(openFlagNames(0o4010001, 'x64'), ['O_WRONLY', 'O_SYNC']);
  assert.deepEqual(openFlagNames(0o10001, 'x64'), ['O_WRONLY', 'O_DSYNC']);
  assert.deepEqual(openFlagNames(0o20200002, 'x64'), ['O_RDWR', 'O_TMPFILE']);
  assert.deepEqual(openFlagNames(0o200000, 'x64'), ['O_RDONLY', 'O_DIRECTORY']);
  assert.deepEqual(openFlagNames(0o200000, 'arm64'), ['O_RDONLY', 'O_DIRECT']);
  assert.deepEqual(openFlagNames(0o200000, 'ppc64'), ['O_RDONLY', 'O_LARGEFILE']);
  assert.deepEqual(openFlagNames(0o240000, 'ppc64'), ['O_RDONLY', 'O_LARGEFILE', 'O_DIRECTORY']);
  assert.deepEqual(openFlagNames(0x6089, 'mipsel'), [
    'O_WRONLY',
    'O_APPEND',
    'O_NONBLOCK',
    'O_LARGEFILE',
    '040000',
  ]);
  assert.deepEqual(openFlagNames(0x4012, 'mips'), ['O_RDWR', 'O_SYNC']);
  assert.deepEqual(openFlagNames(0x8000_0000, 'x64'), ['O_RDONLY', '020000000000']);
});

test('devices, file systems and layers are shown as tools show them', () => {
  assert.equal(deviceText((254 << 20) | 1), '254:1');
  assert.equal(deviceText(0xfff_fffff), '4095:1048575');
  assert.equal(filesystemName(ext4), 'ext4');
  assert.equal(filesystemName(0xffff_fffe), '0xfffffffe');
  assert.deepEqual(layerNames(0), ['NOT_MOUNTABLE']);
  assert.deepEqual(layerNames(3), ['MOUNTABLE', 'UPPER_LAYER']);
  assert.deepEqual(layerNames(5), ['MOUNTABLE', 'LOWER_LAYER']);
});
