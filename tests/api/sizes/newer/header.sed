# A header as a newer version of the library could have it: each struct with more fields.
/^} unecho_config;/i\    uint64_t later[4];
/^} unecho_stats;/i\    uint64_t later[4];
/^} unecho_model_[a-z_]*info;/i\    uint64_t later[4];
/^struct unecho_onnxruntime {/,/^};/{
/^};/i\    uint64_t later[4];
}
