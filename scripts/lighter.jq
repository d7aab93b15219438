# What scripts/lighter shows of an answer of the registry: lines of fields with tabs between
# them. $what is the command; of a job, the first field says what the line is. The argument
# verbose is empty unless all items are wanted.

# A text that a terminal can be shown.
def plain: gsub("[[:cntrl:]]"; "?");

def size:
	if . == 0 then "0"
	else {n: ., unit: 0}
		| until(.n < 1024 or .unit == 4; {n: (.n / 1024), unit: (.unit + 1)})
		| .unit as $unit
		| (if $unit == 0 or .n >= 100 then .n | floor
			else .n * 10 | floor / 10 end | tostring)
			+ " " + ["B", "KiB", "MiB", "GiB", "TiB"][$unit]
	end;

def count($n; $one; $many): "\($n) \(if $n == 1 then $one else $many end)";

def limit(f): if . == 0 then "-" elif . == null then "default" else f end;

# Limits that cannot be understood are null.
def in_force(f): if . == null then "?" else limit(f) end;

def usage_row:
	[.namespace, (.bytes | size), (.limits.bytes | in_force(size)), .blobs, .manifests,
		(.limits.manifests | in_force(tostring)),
		(.limits["blob-size"] | in_force(size))];

def usage:
	["NAMESPACE", "USED", "OF", "BLOBS", "MANIFESTS", "OF", "LARGEST BLOB"],
	((.namespaces // [.])[] | usage_row)
	| @tsv;

def quota_row($name; f):
	[$name, (if .limits then .limits[$name] | limit(f) else "?" end),
		(.["in-force"][$name] | in_force(f))];

def quota:
	["LIMIT", "SET", "IN FORCE"],
	quota_row("bytes"; size), quota_row("manifests"; tostring), quota_row("blob-size"; size)
	| @tsv;

def problems: (.namespaces // [.])[] | select(.problem) | .problem | plain;

# ---- lines of a job ------------------------------------------------------------------

def problem:
	([.namespace, .repository, .tag, .digest, .path] | map(select(.)) | join(" "))
	+ ": " + .problem + if .repaired then " (repaired)" else "" end;

def item_name:
	"\(.tag // .digest) of \(.repository)" + if .why then ": \(.why)" else "" end;

def item($kind):
	if $kind == "namespace" and (.agrees | not) then
		"\(.namespace): the account was wrong: \(.bytes | size) in \(count(.blobs; "blob"; "blobs"))"
		+ " and \(count(.manifests; "manifest"; "manifests"))"
		+ if .repaired then " now" else " are there" end
	elif $kind == "affected" then
		"\(.repository)\(if .tag then ":" + .tag else "" end) cannot be pulled whole (\(.digest))"
	elif .removed == false then "would remove \($kind) \(item_name)"
	elif .removed and ((($ARGS.named.verbose // "") != "") or $kind == "tag") then "removed \($kind) \(item_name)"
	else empty end;

# What of these there is, in a list: [[number, one, many]...].
def list: map(select(.[0] > 0) | count(.[0]; .[1]; .[2])) | join(", ");

def rm_summary:
	"removed \([[.tags, "tag", "tags"], [.manifests, "manifest", "manifests"],
		[.blobs, "blob", "blobs"]] | list | if . == "" then "what was left" else . end)"
	+ "; \(.bytes | size) less in the account, \(.["bytes-collectable"] | size) for gc to free";

def gc_summary:
	([[.manifests, "manifest", "manifests"], [.blobs, "blob", "blobs"],
		[.referrers, "stale referrer", "stale referrers"],
		[.entries, "unused content", "unused contents"], [.sessions, "upload", "uploads"],
		[.files, "temporary file", "temporary files"]] | list) as $list
	| count(.repositories; "repository"; "repositories") + ": "
	+ if $list == "" then "nothing to remove"
		else (if .["dry-run"] then "would remove " else "removed " end) + $list
			+ "; \(.["bytes-unlinked"] | size) less in accounts, "
			+ "\(.["bytes-freed"] | size) of disk freed"
		end;

def scrub_summary:
	([[.repositories, "repository", "repositories"], [.blobs, "blob", "blobs"],
		[.manifests, "manifest", "manifests"], [.tags, "tag", "tags"]] | list)
	+ ", \(.bytes | size): "
	+ if .problems == 0 then "all is well"
		else count(.problems; "problem"; "problems") + ", \(.repaired) repaired"
			+ if .quarantined > 0 then ", \(count(.quarantined; "file"; "files")) in quarantine"
				else "" end
		end;

def cleanup_summary:
	count(.repositories; "repository"; "repositories") + " with a rule: "
	+ (if .["dry-run"] then "would remove " else "removed " end)
	+ "\(count(.tags; "tag"; "tags")) and \(count(.manifests; "manifest"; "manifests"))"
	+ ", kept \(count(.["kept-tags"]; "tag"; "tags"))"
	+ "; \(.bytes | size) less in accounts, blobs are for gc";

def summary:
	if $what == "gc" then gc_summary
	elif $what == "scrub" then scrub_summary
	elif $what == "cleanup" then cleanup_summary
	elif $what == "recount" then
		"\(count(.namespaces; "namespace"; "namespaces")) counted, \(.differing) wrong"
		+ if .differing > 0 then ", \(.repaired) repaired" else "" end
	else empty end;

# 0 when all is well.
def exit_status:
	if .result == null then 1
	elif .result.cancelled or (.result.problems // 0) > 0 or (.result.differing // 0) > 0 then 1
	else 0 end;

# How far, in percent, or a blank when that is not known, and in words.
def progress_text:
	if $what == "scrub" and .step == "blobs" then "\(.done | size) of \(.total | size)"
	elif .total > 0 then "\(.step) \(.done) of \(.total)"
	else "\(.step) \(.done)" end;

def progress:
	["progress", (if .total > 0 then [100, (.done * 100 / .total | floor)] | min else " " end),
		(progress_text | plain)];

def job_line:
	if .progress then .progress | progress
	elif .problem then ["problem", (.problem | problem | plain)]
	elif .error then ["problem", (.error.message | plain)], ["end", exit_status]
	elif .result then
		(.result | summary | ["line", .]),
		(.result | select(.cancelled) | ["problem", "stopped before the end"]),
		["end", exit_status]
	else to_entries[0] as {$key, $value} | $value | item($key) | ["line", plain]
	end
	| @tsv;

if $what == "usage" then usage
elif $what == "quota" then quota
elif $what == "problems" then problems
elif $what == "rm" then rm_summary
elif $what == "end" then exit_status
else job_line end
