package unecho

// ForgetBatch fills the memory of a call of ProcessMany and leaves it to the garbage collector.
func ForgetBatch(samples int) {
	b := batches.Get().(*batch)
	b.reserve(samples, 1)
	b.samples = b.samples[:samples]
	for i := range b.samples {
		b.samples[i] = 1
	}
}
