exit 71
