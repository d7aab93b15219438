# The document of report.jq as text for people.

def pad($n): tostring | . + (" " * ([$n - length, 0] | max));
def left($n): tostring | (" " * ([$n - length, 0] | max)) + .;
def number: if . == null then "-" elif . >= 1000 then round | tostring
	elif . >= 100 then . * 10 | round / 10 | tostring
	else . * 1000 | round / 1000 | tostring end;

"Lighter \(.commit), \(.date)",
"\(.machine.cpu), \(.machine.cores) cores, \(.machine.memory_mib) MiB; Linux \(.machine.kernel); \(.machine.filesystem)",
"\(.versions.lighttpd); \(.versions.peer); \(.versions.wrk)",
"\(.options.rounds) interleaved round\(if .options.rounds == 1 then "" else "s" end)\(if .options.quick then ", quick" else "" end); median (least .. most); other work before the run took \(.machine.busy_percent) % of the cores",
"",
(.rows[] |
	"\(.title) [\(.unit)]  (\(.id))",
	(.sides[] | "    \(.side | pad(14)) \(.median | number | left(10))   (\(.min | number) .. \(.max | number))"),
	(.targets[] | "    \(if .reached then "reached    " elif .reached == null then "no result  " else "NOT REACHED" end) \(.value | number) \(.words), to reach \(.operator) \(.limit)"),
	""),
(.notes[] | "- " + .),
"",
([.rows[].targets[]] | "targets: \(map(select(.reached)) | length) of \(length) reached")
