# From the samples to one document: medians by row and side, targets and whether each is reached.
# Input: nothing; variables: $samples, $rows, $targets (TSV), $notes (text), $about (JSON).

def lines: split("\n") | map(select(length > 0));
def tsv: lines | map(split("\t"));
def median: sort | if length == 0 then null
	elif length % 2 == 1 then .[(length - 1) / 2]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round3: if . == null then null else . * 1000 | round / 1000 end;

($samples | tsv | map({row: .[0], round: (.[1] | tonumber), side: .[2], value: (.[3] | tonumber)})) as $all

| def values($row; $side): [$all[] | select(.row == $row and .side == $side) | .value];
def at($row; $side; $round): [$all[] | select(.row == $row and .side == $side and .round == $round) | .value][0];

# The median over the rounds of the ratio within a round, so that a machine that changes its speed
# between rounds does not matter.
def ratio($row; $a; $b):
	[$all[] | select(.row == $row and .side == $a) | .round] | unique
	| map(at($row; $a; .) as $x | at($row; $b; .) as $y | select($y != null and $y != 0) | $x / $y)
	| median;
def measure($row; $what): ($what | split(" ")) as $w
	| if $w[0] == "ratio" then ratio($row; $w[1]; $w[2])
	elif $w[0] == "value" then values($row; $w[1]) | median
	else [$w[1:][] as $side | values($row; $side) | median] | map(select(. != null))
		| if length == 0 then null else max / min end end;
def reached($op; $limit): if . == null then null
	elif $op == ">=" then . >= $limit elif $op == "<=" then . <= $limit else . < $limit end;

$about + {
	notes: ($notes | lines),
	rows: [$rows | tsv[] | . as [$id, $unit, $title] | {
		id: $id, title: $title, unit: $unit,
		sides: [reduce ($all[] | select(.row == $id) | .side) as $s ([]; if index([$s]) then . else . + [$s] end)
			| .[] as $side | values($id; $side) as $v
			| {side: $side, median: ($v | median | round3), min: ($v | min), max: ($v | max), samples: $v}],
		targets: [$targets | tsv[] | . as [$row, $what, $op, $limit, $words] | select($row == $id)
			| measure($row; $what) as $m | ($limit | tonumber) as $l
			| {measure: $what, value: ($m | round3), operator: $op, limit: $l, words: $words,
				reached: ($m | reached($op; $l))}]
	}]
}
