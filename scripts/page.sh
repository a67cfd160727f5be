# shellcheck shell=bash
# Sourced by the scripts that measure: puts figures where a page of docs/ shows them.

# put_figures PAGE FIGURES: the text of the file FIGURES replaces what PAGE has between the lines
# "<!-- figures: ..." and "<!-- end of figures -->".
put_figures() {
    local page=$1 figures=$2
    awk -v figures="$figures" '
        /^<!-- end of figures -->/ { inside = 0; print "" }
        !inside { print }
        /^<!-- figures:/ {
            inside = 1
            print ""
            while ((getline line < figures) > 0)
                print line
        }' "$page" >"$figures.page"
    cat "$figures.page" >"$page"
    rm -f "$figures.page"
}
