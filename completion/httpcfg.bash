# SPDX-License-Identifier: MIT
# Completion of httpcfg for bash.  What can come next is asked of httpcfg itself (help --words), so
# that it follows the table of verbs.

_httpcfg()
{
	local current=${COMP_WORDS[COMP_CWORD]} options words=() i is_value=
	options="--home --json --dry-run --comment -m --help --version"

	# The words up to the cursor without options and their values.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--home | --comment | -m)
			((i++))
			((i == COMP_CWORD)) && is_value=${COMP_WORDS[i - 1]}
			;;
		--*) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done

	case $is_value in
	--home)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	?*)
		return
		;;
	esac
	if [[ ${words[0]} == restore ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	if [[ ${words[0]} == parameter && ${#words[@]} -eq 1 && $current != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" parameter 2>/dev/null |
			awk 'NR > 1 && $1 != "*" { print $1 }')" -- "$current")
		return
	fi

	mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" help --words "${words[@]}" \
		2>/dev/null) $options" -- "$current")
	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _httpcfg httpcfg
