/** All threads of the machine with their open files, walked inside the kernel. */
import { chars, defineProgram, rows, struct, u32, u64 } from 'bpfkit';

const File = struct('File', { pid: u32, tid: u32, fd: u32, inode: u64, comm: chars(16), name: chars(32) });

const files = defineProgram({
  maps: { files: rows(File) },
  probes: {
    'iter:task_file'(k) {
      const { task, file } = k.item;
      if (!task || !file) return;
      const row = k.files.begin();
      row.pid = task.tgid;
      row.tid = task.pid;
      row.fd = k.item.fd;
      row.inode = file.f_inode.i_ino;
      row.comm = task.comm;
      k.str(file.f_path.dentry.d_name.name, row.name);
      k.write(row);
    },
  },
});

const loaded = await files.load();
for (const { pid, fd, inode, comm, name } of loaded.files) {
  console.log(`${pid}\t${comm}\t${fd}\t${inode}\t${name}`);
}
loaded.close();
