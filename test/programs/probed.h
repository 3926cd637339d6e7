long other_twin(long value);
long library_work(long value);
