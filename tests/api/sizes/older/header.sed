# A header as an older version of the library could have had it: each struct without its last fields.
/^    unecho_align align;/,/^} unecho_config;/{/^} unecho_config;/!d}
/^    float erle_db;/,/^} unecho_stats;/{/^} unecho_stats;/!d}
/^    uint64_t parameters;/,/^} unecho_model_[a-z_]*;/{/^} unecho_model_[a-z_]*;/!d}
/^    unsigned stage_threads/,/^};/{/^};/!d}
