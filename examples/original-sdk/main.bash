#!/usr/bin/env bash
# Runs the analytic. What it prints is kept in backup.log, which is uploaded if the program cannot even report a failure.
set -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
LOG_FOLDER=${LOG_FOLDER:-/var/log}

if ! python main.py 2>&1 | tee "$LOG_FOLDER/backup.log"; then
    curl --silent --show-error --request PUT "$API_BASE_URL/jobs/$JOB_ID/state" \
        --header "X-Voxel51-Agent: $API_TOKEN" --header 'Content-Type: application/json' \
        --data '{"state": "FAILED", "failure_type": "ANALYTIC"}'
    curl --silent --show-error --upload-file "$LOG_FOLDER/backup.log" "$LOGFILE_SIGNED_URL"
fi
